//! The compact encodings, where elements lie one behind another: listpack, ziplist, intset; and the strings (sds).

use super::generation::Generation;
use super::shape::Element;

/// Bytes of a string with its header and its final zero: the header grows with the length (src/sds.c, sdsReqType).
pub(super) fn sds(len: u64) -> u64 {
    let header = match len {
        // An empty string is expected to grow, and gets the next header.
        0 => 3,
        1..32 => 1,
        32..=252 => 3,
        253..=65_530 => 5,
        _ => 9,
    };
    header + len + 1
}

/// The same inside a greater allocation: an empty one stays small.
pub(super) fn sds_inside(len: u64) -> u64 {
    if len == 0 { 2 } else { sds(len) }
}

/// The same with a header of at least three bytes: values that are embedded, fields that carry marks.
pub(super) fn sds8(len: u64) -> u64 {
    sds(len).max(len + 4)
}

/// How a run of elements is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Ziplist,
    Listpack,
}

impl Packing {
    pub(super) fn of(generation: Generation) -> Self {
        if generation.has_listpack() { Self::Listpack } else { Self::Ziplist }
    }

    /// Header and end mark (src/ziplist.c, src/listpack.c).
    pub(super) const fn frame(self) -> u64 {
        match self {
            Self::Ziplist => 11,
            Self::Listpack => 7,
        }
    }

    /// One element that follows `before`.
    pub(super) fn element(self, element: Element, before: Element) -> u64 {
        match self {
            Self::Ziplist => {
                let len = zip(element);
                let back = if zip(before) + 1 < 254 { 1 } else { 5 };
                back + len
            }
            Self::Listpack => pack(element),
        }
    }

    /// A repeated group of elements, framed.
    pub(super) fn bytes(self, groups: u64, group: &[Element]) -> u64 {
        let before = group.last().copied().into_iter().chain(group.iter().copied());
        let one: u64 = group.iter().zip(before).map(|(element, before)| self.element(*element, before)).sum();
        self.frame() + groups * one
    }

    /// What a quicklist adds to an item's length before it asks whether a node has room for it.
    pub(super) fn estimate(self, len: u64) -> u64 {
        match self {
            Self::Ziplist => (if len < 254 { 1 } else { 5 }) + zip_header(len),
            // SIZE_ESTIMATE_OVERHEAD, src/quicklist.c.
            Self::Listpack => 8,
        }
    }
}

fn zip_header(len: u64) -> u64 {
    match len {
        0..64 => 1,
        64..16_384 => 2,
        _ => 5,
    }
}

/// A ziplist entry without the length of the one before it.
fn zip(element: Element) -> u64 {
    match element {
        Element::Text(len) => zip_header(len) + len,
        Element::Number(0..=12) => 1,
        Element::Number(value) => 1 + width(value),
    }
}

/// Bytes of an integer among those of a ziplist: 1, 2, 3, 4, 8.
fn width(value: i64) -> u64 {
    match value {
        -0x80..=0x7f => 1,
        -0x8000..=0x7fff => 2,
        -0x80_0000..=0x7f_ffff => 3,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}

/// A listpack entry with the length that is written behind it for the way back.
pub(super) fn pack(element: Element) -> u64 {
    let forth = match element {
        Element::Number(0..=127) => 1,
        Element::Number(-4096..=4095) => 2,
        Element::Number(value) => 1 + width(value),
        Element::Text(len @ 0..64) => 1 + len,
        Element::Text(len @ 64..4096) => 2 + len,
        Element::Text(len) => 5 + len,
    };
    let back = match forth {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        2_097_152..268_435_456 => 4,
        _ => 5,
    };
    forth + back
}

/// An intset: all members as wide as the widest (src/intset.c).
pub(super) fn intset(members: u64, greatest: i64) -> u64 {
    let width = match width(greatest) {
        1 | 2 => 2,
        3 | 4 => 4,
        width => width,
    };
    8 + members * width
}

#[cfg(test)]
mod tests {
    use super::*;
    use Element::{Number, Text};

    #[test]
    fn entries_are_as_long_as_the_formats_say() {
        assert_eq!(
            [Number(0), Number(127), Number(128), Number(-1), Number(5000), Number(1 << 51)].map(pack),
            [2, 2, 3, 3, 4, 10]
        );
        assert_eq!([Text(0), Text(63), Text(64), Text(200), Text(5000)].map(pack), [2, 65, 67, 204, 5007]);
        assert_eq!(Packing::Ziplist.bytes(2, &[Text(10), Number(5)]), 11 + 2 * (12 + 2));
        assert_eq!(Packing::Ziplist.bytes(1, &[Text(300), Text(1)]), 11 + 1 + 302 + 5 + 2);
        assert_eq!([intset(10, 7), intset(10, 40_000), intset(10, 1 << 40)], [28, 48, 88]);
        assert_eq!([sds(0), sds(31), sds(32), sds(252), sds(253)], [4, 33, 36, 256, 259]);
    }
}
