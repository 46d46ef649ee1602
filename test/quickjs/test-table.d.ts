/** Made by `test-files.ts` for the program: by path, what reads a test file. */
declare module 'streambed-tests' {
  export const files: Readonly<Record<string, () => Promise<unknown>>>;
}
