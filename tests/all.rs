//! The whole suite as one program: it links once, and clippy knows every module below for a test.

#[cfg(test)]
mod rules;
