/** Put in by the build. */
declare const STREAMBED_VERSION: string;
