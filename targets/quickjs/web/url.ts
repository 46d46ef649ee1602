/** The web's URL, for absolute http and https URLs, which is all that is asked for. */
const pattern = /^(https?:)\/\/([^/?#@\\]+)([^?#]*)(\?[^#]*)?(#.*)?$/i;

export class WebUrl {
  readonly href: string;
  readonly protocol: string;
  readonly origin: string;
  readonly pathname: string;

  static canParse(url: string): boolean {
    return pattern.test(url);
  }

  constructor(url: string) {
    const parts = pattern.exec(url);
    if (parts === null) throw new TypeError(`Invalid URL: ${url}`);
    const [, protocol = '', host = '', path = '', query = '', fragment = ''] = parts;
    this.protocol = protocol.toLowerCase();
    const port = this.protocol === 'http:' ? /:(?:80)?$/ : /:(?:443)?$/;
    this.origin = `${this.protocol}//${host.toLowerCase().replace(port, '')}`;
    this.pathname = path === '' ? '/' : path;
    this.href = `${this.origin}${this.pathname}${query}${fragment}`;
  }
}
