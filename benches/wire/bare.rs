//! The least that asks the same of every key: pages of 1,000 names, four of them under way on two connections.

use std::collections::VecDeque;
use std::path::Path;

use crate::wire::{Done, Wire};

const PAGES: usize = 4;
const CONNECTIONS: usize = 2;
/// One key in so many is asked for its age and length, as an audit of a million keys does.
const CLOSE_ONE_IN: usize = 16;

/// Reads every key of the bench. Names tell it what an audit learns from encodings: whose type is open, and what
/// measures the length.
pub fn bare_loop(socket: &Path) -> Done<()> {
    let mut names = Wire::open(socket)?;
    let mut pages = (0..CONNECTIONS).map(|_| Wire::open(socket)).collect::<Result<Vec<_>, _>>()?;
    let mut untouching = true;
    for wire in &mut pages {
        wire.say(&[b"CLIENT", b"NO-TOUCH", b"ON"])?;
        wire.flush()?;
        untouching &= wire.header()?.0 == b'+';
    }
    // Replies that are due, page by page, each on the connection of its turn.
    let mut due: VecDeque<(usize, usize)> = VecDeque::new();
    let mut cursor = b"0".to_vec();
    for turn in (0..CONNECTIONS).cycle() {
        names.say(&[b"SCAN", &cursor, b"COUNT", b"1000"])?;
        names.flush()?;
        names.header()?;
        let (_, length) = names.header()?;
        cursor = names.bulk(length)?;
        let (_, many) = names.header()?;
        let mut page = Vec::with_capacity(1_000);
        for _ in 0..many {
            let (_, length) = names.header()?;
            page.push(names.bulk(length)?);
        }
        if due.len() == PAGES {
            read(&mut pages, due.pop_front())?;
        }
        let Some(wire) = pages.get_mut(turn) else { break };
        due.push_back((turn, ask(wire, &page, untouching)?));
        if cursor == b"0" {
            break;
        }
    }
    while !due.is_empty() {
        read(&mut pages, due.pop_front())?;
    }
    Ok(())
}

fn read(pages: &mut [Wire], due: Option<(usize, usize)>) -> Done<()> {
    let Some((turn, replies)) = due else { return Ok(()) };
    let Some(wire) = pages.get_mut(turn) else { return Ok(()) };
    for _ in 0..replies {
        wire.skip()?;
    }
    Ok(())
}

/// Asks about each key of a page; how many replies will come.
fn ask(wire: &mut Wire, page: &[Vec<u8>], untouching: bool) -> Done<usize> {
    let mut replies = 0;
    for (n, name) in page.iter().enumerate() {
        wire.say(&[b"MEMORY", b"USAGE", name])?;
        wire.say(&[b"PTTL", name])?;
        wire.say(&[b"OBJECT", b"ENCODING", name])?;
        replies += 3;
        let length: &[u8] = match name.first() {
            Some(b'u') => b"HLEN",
            Some(b't') => b"SCARD",
            Some(b'b') => b"ZCARD",
            _ => b"STRLEN",
        };
        if length != b"STRLEN" {
            wire.say(&[b"TYPE", name])?;
            replies += 1;
        }
        if n % CLOSE_ONE_IN == 0 {
            wire.say(&[b"OBJECT", b"IDLETIME", name])?;
            replies += 1;
            if untouching {
                wire.say(&[length, name])?;
                replies += 1;
            }
        }
    }
    wire.flush()?;
    Ok(replies)
}
