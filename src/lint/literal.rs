//! What literals and operators of Lua mean.

use super::tree::Op;

pub fn operator(symbol: &str) -> Option<Op> {
    Some(match symbol {
        "+" => Op::Add,
        "-" => Op::Subtract,
        "*" => Op::Multiply,
        "/" => Op::Divide,
        "%" => Op::Modulo,
        "^" => Op::Power,
        ".." => Op::Concat,
        "<" => Op::Less,
        "<=" => Op::LessEqual,
        ">" => Op::Greater,
        ">=" => Op::GreaterEqual,
        "==" => Op::Equal,
        "~=" => Op::NotEqual,
        "and" => Op::And,
        "or" => Op::Or,
        _ => return None,
    })
}

/// A number as Lua reads it; what Rust cannot read is taken for 0.
pub fn number(text: &str) -> f64 {
    let text = text.to_ascii_lowercase();
    match text.strip_prefix("0x") {
        // A server reads sixteen digits and more with a loss as well.
        Some(digits) => u64::from_str_radix(digits, 16).map_or(f64::MAX, |number| number as f64),
        None => text.parse().unwrap_or(0.0),
    }
}

/// The text that a quoted literal stands for.
pub fn unescaped(literal: &str) -> String {
    let mut out = String::with_capacity(literal.len());
    let mut rest = literal.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(digit) if digit.is_ascii_digit() => {
                let mut code = digit.to_digit(10).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(next) = rest.peek().and_then(|c| c.to_digit(10)) {
                        code = code * 10 + next;
                        rest.next();
                    }
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_lua_reads_them() {
        assert_eq!((number("0x10"), number("3e2"), number(".5"), number("5.")), (16.0, 300.0, 0.5, 5.0));
        assert_eq!(unescaped(r#"a\n\"b\"\0651\\"#), "a\n\"b\"A1\\");
    }
}
