// Runs every *.test.ts under src/ and widgets/ with Node's own test runner, bundled by esbuild so that tests
// can import TypeScript and CSS as the widgets do. `npm test -- curves` runs the files whose path has "curves".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const tests = ['src', 'widgets']
  .flatMap(folder => readdirSync(join(root, folder), { recursive: true }).map(file => join(folder, file)))
  .filter(file => file.endsWith('.test.ts') && wanted.every(word => file.includes(word)));
if (!tests.length) {
  console.error(`no test file matches ${wanted.join(' ') || '*.test.ts'}`);
  process.exit(1);
}

// Inside the project, so that packages left external are found.
const out = mkdtempSync(join(root, 'node_modules', '.tests-'));
try {
  const built = await esbuild.build({
    absWorkingDir: root,
    entryPoints: tests,
    outbase: '.',
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    loader: { '.css': 'empty', '.svg': 'text' },
    logLevel: 'warning',
    metafile: true,
  });
  const files = Object.keys(built.metafile.outputs).map(file => relative(root, join(root, file)));
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
