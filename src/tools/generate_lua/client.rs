//! A call in the language of the caller: a template for each client and delivery, filled in with quoted values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The libraries that a call can be written for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[schemars(inline)]
pub enum Client {
    #[default]
    #[serde(rename = "redis-cli")]
    #[value(name = "redis-cli")]
    RedisCli,
    #[serde(rename = "redis-py")]
    #[value(name = "redis-py")]
    RedisPy,
    #[serde(rename = "node-redis")]
    #[value(name = "node-redis")]
    NodeRedis,
    #[serde(rename = "ioredis")]
    #[value(name = "ioredis")]
    Ioredis,
    #[serde(rename = "go-redis")]
    #[value(name = "go-redis")]
    GoRedis,
    #[serde(rename = "jedis")]
    #[value(name = "jedis")]
    Jedis,
    #[serde(rename = "lettuce")]
    #[value(name = "lettuce")]
    Lettuce,
    #[serde(rename = "stackexchange.redis")]
    #[value(name = "stackexchange.redis")]
    StackExchange,
    #[serde(rename = "redis-rs")]
    #[value(name = "redis-rs")]
    RedisRs,
    #[serde(rename = "phpredis")]
    #[value(name = "phpredis")]
    Phpredis,
    #[serde(rename = "redis-rb")]
    #[value(name = "redis-rb")]
    RedisRb,
}

/// How a script gets to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    Evalsha,
    Function,
    Native,
}

impl Way {
    fn heading(self) -> &'static str {
        match self {
            Self::Evalsha => "=== evalsha\n",
            Self::Function => "=== function\n",
            Self::Native => "=== native\n",
        }
    }
}

/// How a language writes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Nothing is special inside, and a quote is left and entered again.
    Shell,
    /// Single quotes, in which only they and the backslash are special.
    Single,
    Double,
}

/// What a template is filled in with.
#[derive(Debug)]
pub struct Filling<'a> {
    pub function: &'a str,
    pub sha1: &'a str,
    pub file: &'a str,
    pub keys: &'a [String],
    pub arguments: &'a [String],
    /// Of the native command.
    pub words: &'a [String],
}

impl Client {
    pub fn name(self) -> &'static str {
        match self {
            Self::RedisCli => "redis-cli",
            Self::RedisPy => "redis-py",
            Self::NodeRedis => "node-redis",
            Self::Ioredis => "ioredis",
            Self::GoRedis => "go-redis",
            Self::Jedis => "jedis",
            Self::Lettuce => "lettuce",
            Self::StackExchange => "stackexchange.redis",
            Self::RedisRs => "redis-rs",
            Self::Phpredis => "phpredis",
            Self::RedisRb => "redis-rb",
        }
    }

    /// As a code block names it.
    pub fn language(self) -> &'static str {
        match self {
            Self::RedisCli => "sh",
            Self::RedisPy => "python",
            Self::NodeRedis | Self::Ioredis => "js",
            Self::GoRedis => "go",
            Self::Jedis | Self::Lettuce => "java",
            Self::StackExchange => "csharp",
            Self::RedisRs => "rust",
            Self::Phpredis => "php",
            Self::RedisRb => "ruby",
        }
    }

    /// What was done with the calls of every script in this language: `tests/clients` does it again.
    pub fn tried(self, way: Way) -> &'static str {
        match self {
            _ if way == Way::Native => {
                "not run in this language; the command itself is run below, where a server here has it"
            }
            Self::GoRedis | Self::Jedis | Self::Lettuce | Self::StackExchange => {
                "not run: calls like this one were only read by a grammar (`make clients`)"
            }
            _ => "calls like this one were run for every script of the library (`make clients`)",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::RedisCli => include_str!("clients/redis-cli.txt"),
            Self::RedisPy => include_str!("clients/redis-py.txt"),
            Self::NodeRedis => include_str!("clients/node-redis.txt"),
            Self::Ioredis => include_str!("clients/ioredis.txt"),
            Self::GoRedis => include_str!("clients/go-redis.txt"),
            Self::Jedis => include_str!("clients/jedis.txt"),
            Self::Lettuce => include_str!("clients/lettuce.txt"),
            Self::StackExchange => include_str!("clients/stackexchange.redis.txt"),
            Self::RedisRs => include_str!("clients/redis-rs.txt"),
            Self::Phpredis => include_str!("clients/phpredis.txt"),
            Self::RedisRb => include_str!("clients/redis-rb.txt"),
        }
    }

    fn quotes(self) -> Quotes {
        match self {
            Self::RedisCli => Quotes::Shell,
            Self::Phpredis | Self::RedisRb => Quotes::Single,
            _ => Quotes::Double,
        }
    }

    /// The whole program.
    pub fn code(self, way: Way, filling: &Filling) -> String {
        let section = self.template().split_once(way.heading()).map_or("", |(_, rest)| rest);
        let section = section.split("\n=== ").next().unwrap_or("");
        render(section, |name| self.fill(name, filling))
    }

    fn fill(self, name: &str, filling: &Filling) -> Option<String> {
        let list = |values: &[String]| {
            let quoted: Vec<String> = values.iter().map(|value| quoted(self.quotes(), value)).collect();
            quoted.join(if self.quotes() == Quotes::Shell { " " } else { ", " })
        };
        Some(match name {
            "name" => filling.function.to_owned(),
            "sha1" => filling.sha1.to_owned(),
            "file" => filling.file.to_owned(),
            "numkeys" => filling.keys.len().to_string(),
            "keys" => list(filling.keys),
            "args" => list(filling.arguments),
            "words" => list(filling.words),
            "command" => filling.words.first()?.clone(),
            _ => return None,
        })
    }
}

/// Goes through the text once, so that a value is never taken for a place to fill.
fn render(template: &str, fill: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let filled = from
            .strip_prefix("{{")
            .and_then(|inner| inner.split_once("}}"))
            .and_then(|(name, after)| Some((fill(name)?, after)));
        match filled {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            // A brace of the language before our two.
            None => {
                out.push('{');
                rest = from.strip_prefix('{').unwrap_or("");
            }
        }
    }
    out + rest
}

fn quoted(quotes: Quotes, value: &str) -> String {
    match quotes {
        Quotes::Shell => format!("'{}'", value.replace('\'', r"'\''")),
        Quotes::Single => format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        Quotes::Double => format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_a_value() {
        let hostile = [r#"a"; import os; "{{sha1}}' $(x) \"#.to_owned()];
        let filling = Filling { function: "f", sha1: "abc", file: "f.lua", keys: &hostile, arguments: &[], words: &[] };
        let python = Client::RedisPy.code(Way::Evalsha, &filling);
        assert!(python.contains(r#"[["a\"; import os; \"{{sha1}}' $(x) \\"]"#.trim_start_matches('[')), "{python}");
        let shell = Client::RedisCli.code(Way::Evalsha, &filling);
        assert!(shell.contains(r#" 1 'a"; import os; "{{sha1}}'\'' $(x) \' ; }"#), "{shell}");
        assert_eq!(render("{{{a}}} {b}", |name| (name == "a").then(|| "1".into())), "{1} {b}");
    }
}
