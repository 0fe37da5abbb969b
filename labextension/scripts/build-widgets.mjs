// Bundles every widgets/<name>/index.ts, with the CSS it imports or a style.css beside it, to
// ftwidgets/static/<name>.js and <name>.css. anywidget sends the bundle with every model it opens, so: one
// minified ES module, nothing shared, and a line that says how large it became.
// `npm run build:widgets -- curves` builds only that one.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const widgets = join(root, 'widgets');
const out = join(root, '..', 'ftwidgets', 'static');
const watch = process.argv.includes('--watch');
const wanted = process.argv.slice(2).filter(word => !word.startsWith('--'));

const all = existsSync(widgets)
  ? readdirSync(widgets).filter(name => existsSync(join(widgets, name, 'index.ts')))
  : [];
const names = wanted.length ? all.filter(name => wanted.includes(name)) : all;
mkdirSync(out, { recursive: true });
for (const file of readdirSync(out)) {
  if (!all.includes(file.split('.')[0])) rmSync(join(out, file)); // of a widget that is no more
}

const options = {
  entryPoints: names.map(name => ({ in: join(widgets, name, 'index.ts'), out: name })),
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !watch,
  legalComments: 'eof',
  loader: { '.svg': 'text' },
  logLevel: 'warning',
};

if (watch) {
  const context = await esbuild.context({ ...options, logLevel: 'info' });
  await context.watch();
} else if (names.length) {
  await esbuild.build(options);
  for (const file of readdirSync(out).filter(file => names.includes(file.split('.')[0]))) {
    const { size } = await stat(join(out, file));
    console.log(`ftwidgets/static/${file}  ${(size / 1000).toFixed(1)} kB`);
  }
}
