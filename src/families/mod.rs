//! Which keys belong together, by the separators and digits of their names.
pub mod glob {
    pub fn matches(_p: &[u8], _n: &[u8]) -> bool {
        true
    }
}
use crate::facts::{Foreign, foreign};
use std::collections::HashMap;
pub trait Merge {
    fn merge(&mut self, other: Self);
}
#[derive(Debug)]
pub struct Families<T> {
    groups: HashMap<String, T>,
}
pub struct Family<T> {
    pub glob: Vec<u8>,
    pub conventional: bool,
    pub payload: T,
}
impl<T> Family<T> {
    pub fn shown(&self) -> Foreign {
        Foreign::name(&String::from_utf8_lossy(&self.glob))
    }
}
pub struct Rollup<T> {
    pub glob: Vec<u8>,
    pub families: usize,
    pub payload: T,
}
impl<T> Rollup<T> {
    pub fn shown(&self) -> Foreign {
        Foreign::name(&String::from_utf8_lossy(&self.glob))
    }
}
pub struct Settled<T> {
    pub families: Vec<Family<T>>,
    pub rollups: Vec<Rollup<T>>,
    pub overflow: Option<T>,
}
impl<T: Default + Merge> Families<T> {
    pub fn new(_: usize) -> Self {
        Self { groups: HashMap::new() }
    }
    pub fn of(&mut self, name: &[u8]) -> &mut T {
        self.groups.entry(foreign::family(name)).or_default()
    }
    pub fn settle(self) -> Settled<T> {
        Settled {
            families: self
                .groups
                .into_iter()
                .map(|(g, payload)| Family { glob: g.into_bytes(), conventional: true, payload })
                .collect(),
            rollups: Vec::new(),
            overflow: None,
        }
    }
}
