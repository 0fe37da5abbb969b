/** What the widgets tell our plugins: how a run stands. */

/** The event at the window that says how a run stands. */
export const NEWS = 'ftwidgets:run';

export interface News {
  id: string;
  name: string;
  status: string;
  step: number;
  /** What the rules of health warn of. */
  warnings: string[];
  /** Why the run failed, where its curves have a mark of that. */
  error: string;
  /** Where its curves are on show. */
  at: Element | undefined;
}
