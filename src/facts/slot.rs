//! Which slot of a Cluster a key lies in.

use super::deployment::SLOTS;

/// The part of a name that decides: what stands between the first `{` and the next `}`, if there is anything.
pub fn hash_tag(name: &[u8]) -> Option<&[u8]> {
    let open = name.iter().position(|byte| *byte == b'{')?;
    let rest = name.get(open + 1..)?;
    let close = rest.iter().position(|byte| *byte == b'}')?;
    rest.get(..close).filter(|tag| !tag.is_empty())
}

/// CRC16 (XMODEM) modulo 16384, as the Redis Cluster specification has it.
pub fn slot_of(name: &[u8]) -> u16 {
    let crc = hash_tag(name).unwrap_or(name).iter().fold(0u16, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    });
    (u64::from(crc) % SLOTS) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `CLUSTER KEYSLOT`.
    #[test]
    fn slots_are_those_of_the_server() {
        for (name, slot) in [("123456789", 12_739), ("foo", 12_182), ("{foo}bar", 12_182), ("foo{}", 5_542)] {
            assert_eq!(slot_of(name.as_bytes()), slot, "{name}");
        }
        assert_eq!(hash_tag(b"a{b}c{d}"), Some(&b"b"[..]));
        assert_eq!(hash_tag(b"a{}c{d}"), None);
    }
}
