import type { MemberSource, SourceFactory, SourceMember, SourceSelf, SourceSurroundings } from '../sources/source.ts';

type Listener = Pick<SourceSurroundings, 'onChange' | 'onForgotten'>;

/**
 * Who is there, known to all at the same moment: discovery without its time. How members find out by themselves, and how
 * long that takes, is what `simulate` is for.
 */
export class Roster {
  private readonly members = new Map<string, SourceMember>();
  private readonly listeners = new Map<string, Listener>();

  /** What a mesh gets as its option `source`. */
  readonly source: SourceFactory = Object.freeze({
    name: 'the test mesh',
    create: (surroundings: SourceSurroundings) => this.createSource(surroundings),
  });

  /** It ended without a word, and the others have noticed. */
  lose(url: string): void {
    for (const member of [...this.members.values()].filter((one) => one.url === url && one.status === 'UP')) {
      this.listeners.delete(member.id);
      this.tell({ ...member, status: 'DOWN' });
    }
  }

  private remove(id: string): void {
    const member = this.members.get(id);
    this.listeners.delete(id);
    if (member === undefined) return;
    this.members.delete(id);
    for (const { onChange } of [...this.listeners.values()]) onChange({ ...member, status: 'LEFT' });
  }

  private tell(member: SourceMember): void {
    this.members.set(member.id, member);
    for (const [id, { onChange }] of [...this.listeners]) if (id !== member.id) onChange(member);
  }

  private createSource(surroundings: SourceSurroundings): MemberSource {
    let self: SourceSelf | undefined;
    const others = (): SourceMember[] => [...this.members.values()].filter(({ id }) => id !== self?.id);
    const record = (routesHash: string, incarnation: number): SourceMember => {
      const { id, service, url, isSigning } = self as SourceSelf;
      return { id, service, url, isSigning, routesHash, incarnation, status: 'UP', isDoubtful: false };
    };
    return {
      start: (started) => {
        self = started;
        this.listeners.set(started.id, surroundings);
        this.tell(record(started.routesHash, 1));
        for (const member of others()) surroundings.onChange(member);
      },
      announceRoutes: (routesHash) => {
        const before = self && this.members.get(self.id);
        if (before?.status === 'UP') this.tell(record(routesHash, before.incarnation + 1));
      },
      members: others,
      heardAtMs: () => surroundings.clock.monotonicMs(),
      // What is refused may be meant so by the test; that somebody is gone the test says too.
      doubt: () => {},
      replaced: () => {},
      silentSeeds: () => [],
      seedOwners: () => [],
      leave: async () => {
        if (self !== undefined && this.listeners.has(self.id)) this.remove(self.id);
      },
      close: () => {
        if (self !== undefined) this.listeners.delete(self.id);
      },
    };
  }
}
