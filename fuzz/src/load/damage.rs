//! Damage to bytes: bits, numbers, parts of other files.

use crate::random::Random;

/// Changes some bytes of a file.
pub fn bytes(random: &mut Random, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.small(16)).min(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes[at] = bytes[at].wrapping_add(1),
            3 => bytes[at] = random.of(&[&0, &1, &0x7f, &0x80, &0xff]).to_owned(),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let from = random.below(other.len());
                let to = (from + 1 + random.small(24)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ if random.one_in(4) => bytes.truncate(at),
            _ => bytes[at..end].reverse(),
        }
    }
    bytes
}
