//! Which version of the protocol a target is to be spoken to in.

use serde::Deserialize;

use crate::probe::Trouble;

/// RESP3, RESP2, or what the server has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RESP3 where the server lists HELLO and grants it, else RESP2.
    #[default]
    #[serde(skip)]
    Negotiated,
    /// HELLO is never said.
    Resp2,
    /// HELLO is said to a server that keeps its table of commands to itself, too; without RESP3 there is no look.
    Resp3,
}

impl Protocol {
    /// What follows the `?` of a URL. An option is not repeated: in a URL gone wrong it may be a part of the password.
    pub fn from_options(options: &str) -> Result<Self, Trouble> {
        match options {
            "protocol=resp2" => Ok(Self::Resp2),
            "protocol=resp3" => Ok(Self::Resp3),
            _ => Err(Trouble::target(
                "of the options after ? only protocol=resp2 and protocol=resp3 are supported; others are on the command \
                 line or in a named target",
            )),
        }
    }
}
