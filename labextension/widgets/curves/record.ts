import { AXES, type Mark, type PanelSpec, RunData, type RunInfo, type Store } from './store';

/** A run's decimated curves as they stand in a saved notebook (ftwidgets/widgets/record.py). */
export interface RunRecord {
  version: 1;
  panels: PanelSpec[];
  runs: {
    info: RunInfo;
    marks: Mark[];
    rows: number;
    /** For each column its values and the rows they stand in, as distances from one to the next; all without. */
    columns: Record<string, { rows?: number[]; values: number[] }>;
  }[];
}

/** Fill an empty store from a record. */
export function loadRecord(store: Store, record: RunRecord): void {
  store.panels = record.panels;
  store.runs = record.runs.map(saved => {
    const run = new RunData();
    run.info = saved.info;
    run.marks = saved.marks;
    run.columns = Object.keys(saved.columns);
    const table = new Float64Array(run.columns.length * saved.rows).fill(Number.NaN);
    run.columns.forEach((name, column) => {
      const { rows, values } = saved.columns[name];
      let row = 0;
      values.forEach((value, i) => {
        row = rows ? row + rows[i] : i;
        table[column * saved.rows + row] = value;
      });
      // Between kept points an axis is read as going on from the last one.
      if (name in AXES)
        for (let r = 1, at = column * saved.rows; r < saved.rows; r++)
          if (Number.isNaN(table[at + r])) table[at + r] = table[at + r - 1];
    });
    run.append(0, [...run.columns.keys()], table);
    return run;
  });
  store.shape++;
  store.changed();
}
