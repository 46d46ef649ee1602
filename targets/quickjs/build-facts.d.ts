/** A module of its own in each executable, made when it is linked. */
declare module 'streambed:build' {
  export const version: string;
  export const engine: string;
  export const cpu: string;
  export const byteOrder: 'little' | 'big';
  export const store: string | null;
}

/** Made when the program is bundled. */
declare module 'streambed:openapi' {
  export const packed: string;
  export const lengthBytes: number;
}
