import { useSyncExternalStore } from "react";

/** A value that is shared by the whole page, and that components follow. */
export class Store<Value> {
  private followers = new Set<() => void>();

  constructor(private value: Value) {}

  get = (): Value => this.value;

  set = (value: Value): void => {
    if (value === this.value) return;
    this.value = value;
    for (const follower of this.followers) follower();
  };

  follow = (follower: () => void): (() => void) => {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  };
}

export function useStore<Value>(store: Store<Value>): Value {
  return useSyncExternalStore(store.follow, store.get);
}
