/** The widget bundle that the Python package ships, built by `npm run build:widgets`. */
declare module '*/static/curves.js' {
  interface Model {
    get(name: string): unknown;
    set(name: string, value: unknown): void;
    save_changes(): void;
    send(message: unknown): void;
    on(name: string, callback: unknown): void;
    off(name: string, callback: unknown): void;
  }
  interface CurvesWidget {
    initialize(given: { model: Model }): () => void;
    render(given: { model: Model; el: HTMLElement }): () => void;
  }
  export default function curves(): CurvesWidget;
}

declare module '*/static/curves.css';
