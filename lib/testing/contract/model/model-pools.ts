// Few of each: what is done is to meet what was done before.

export const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
export const QUEUES = ['default', 'mail'];
export const GROUPS = ['g', 'h'];
export const KEYS = ['k', 'l'];
export const NAMES = ['noop', 'other'];
