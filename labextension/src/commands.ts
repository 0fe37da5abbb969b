/** Every command that this extension adds to JupyterLab. */
export namespace CommandIDs {
  /** Open a new notebook with the Studio cell in it. Arguments: `cwd`, `kernelName`, both optional. */
  export const openStudio = 'ftwidgets:open-studio';
}
