//! The whole suite as one program: it links once, and clippy knows every module below for a test.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod audited;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod families;
#[cfg(test)]
mod footprint;
#[cfg(test)]
mod forecast;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod grid;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod live;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod lua_tool;
#[cfg(test)]
mod managed;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod savings;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod states;
#[cfg(test)]
mod structures;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod topology;
#[cfg(test)]
mod trouble;
