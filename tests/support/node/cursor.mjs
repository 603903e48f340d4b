// The cursor of the native API within one that clients of dialects are given: `evt_` and 128 bits in Crockford's base 32,
// of which 48 are the instance's number, 64 the cursor, and 16 the part.
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export function nativeCursor(text) {
  const bits = [...text.slice('evt_'.length)].reduce((value, digit) => (value << 5n) | BigInt(digits.indexOf(digit)), 0n);
  return Number((bits >> 16n) & 0xffff_ffff_ffff_ffffn);
}
