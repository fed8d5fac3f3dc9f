import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'peers, the default,',
  pingIntervalMs: 600,
  hasEngine: false,
  async open() {
    const urls: string[] = [];
    return {
      async member(url) {
        const peers = urls.slice(-3);
        urls.push(url);
        return { options: { peers }, end: () => void urls.splice(urls.indexOf(url), 1) };
      },
      close: async () => {},
    };
  },
});
