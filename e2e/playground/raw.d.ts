/** A file as its text, which Vite gives. */
declare module '*?raw' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: Vite gives it so
  export default text
}
