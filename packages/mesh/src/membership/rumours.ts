import type { Member } from './member.ts';

/**
 * News on its way: each piece with how often it was told, the least told first. One piece a member, because newer news of it
 * replaces the older. Telling costs a few steps, however much there is.
 */
export class Rumours {
  /** By how often it was told. */
  private readonly tiers: Map<string, Member>[] = [];
  private readonly tierOf = new Map<string, number>();

  get size(): number {
    return this.tierOf.size;
  }

  put(member: Member): void {
    this.delete(member.id);
    this.enter(member, 0);
  }

  delete(id: string): void {
    const tier = this.tierOf.get(id);
    if (tier === undefined) return;
    this.tiers[tier]?.delete(id);
    this.tierOf.delete(id);
  }

  /** Up to `max` pieces to tell now, each of which ends when it has been told `limit` times. Nobody is told of himself. */
  take(max: number, limit: number, toId: string | undefined): Member[] {
    const taken: Member[] = [];
    const tiers: number[] = [];
    for (let tier = 0; tier < this.tiers.length && taken.length < max; tier++) {
      for (const member of (this.tiers[tier] as Map<string, Member>).values()) {
        if (taken.length >= max) break;
        if (member.id === toId) continue;
        taken.push(member);
        tiers.push(tier);
      }
    }
    taken.forEach((member, index) => {
      const told = (tiers[index] as number) + 1;
      this.delete(member.id);
      if (told < limit) this.enter(member, told);
    });
    return taken;
  }

  private enter(member: Member, tier: number): void {
    while (this.tiers.length <= tier) this.tiers.push(new Map());
    this.tiers[tier]?.set(member.id, member);
    this.tierOf.set(member.id, tier);
  }
}
