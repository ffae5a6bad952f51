//! One server, replication, Sentinel, Cluster, or a service that runs it.

use std::fmt;

use serde::Serialize;

use super::capacity::{BUSY, LARGEST, Sizing, UNMEASURED};
use super::demand::{Demand, Outage};
use crate::decisions::{Condition, Row, Table};
use crate::facts::{Count, Share};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Standalone,
    Replication,
    Sentinel,
    Cluster,
    Managed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standalone => "one server",
            Self::Replication => "a primary with replicas, failover by hand",
            Self::Sentinel => "Sentinel",
            Self::Cluster => "Cluster",
            Self::Managed => "a managed service",
        })
    }
}

/// What it has to bear, and how one primary would do.
#[derive(Debug, Clone)]
pub struct Case {
    pub demand: Demand,
    pub alone: Sizing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Service,
    DataBeyondOne,
    LoadBeyondOne,
    TrafficBeyondOne,
    ReadsBeyondOne,
    BackInSeconds,
    BackInMinutes,
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataBeyondOne => {
                return write!(f, "the data of a year from now is more than one server holds, or than {LARGEST}");
            }
            Self::LoadBeyondOne => {
                let (most, busy) = (Count(UNMEASURED as u64), Share(BUSY));
                return write!(f, "the load on a primary is above {most}/s, or above {busy} of the measured rate");
            }
            Self::TrafficBeyondOne => {
                return write!(f, "the traffic is above {} of one server's network", Share(BUSY));
            }
            Self::Service => "a service is to run it",
            Self::ReadsBeyondOne => "reads may be stale and are more than one server bears",
            Self::BackInSeconds => "it may be down for seconds only",
            Self::BackInMinutes => "it may be down for minutes only",
        })
    }
}

impl Condition for Needs {
    type Case = Case;

    fn holds(&self, Case { demand, alone }: &Case) -> bool {
        match self {
            Self::Service => demand.managed.is_some(),
            Self::DataBeyondOne => !alone.data_fits(),
            Self::LoadBeyondOne => !alone.load_fits(),
            Self::TrafficBeyondOne => !alone.traffic_fits(),
            Self::ReadsBeyondOne => demand.stale_reads && demand.load(true) > 1.0,
            Self::BackInSeconds => demand.outage == Outage::Seconds,
            Self::BackInMinutes => demand.outage == Outage::Minutes,
        }
    }
}

pub const KIND: Table<Needs, Kind> = Table {
    id: "topology",
    question: "Which topology?",
    rows: &[
        Row {
            when: &[Needs::Service],
            choose: Kind::Managed,
            because: "the service does failover, backups and patches; the sizes below are what to ask it for",
        },
        Row {
            when: &[Needs::DataBeyondOne],
            choose: Kind::Cluster,
            because: "only a Cluster splits the data; a larger server would fork and resynchronise for longer",
        },
        Row {
            when: &[Needs::LoadBeyondOne],
            choose: Kind::Cluster,
            because: "one server runs commands on one core, and only a Cluster splits the writes",
        },
        Row {
            when: &[Needs::TrafficBeyondOne],
            choose: Kind::Cluster,
            because: "each shard brings a network of its own",
        },
        Row {
            when: &[Needs::BackInSeconds],
            choose: Kind::Sentinel,
            because: "data and load fit one server, a failover happens by itself, and any keys may stand in one command",
        },
        Row {
            when: &[Needs::BackInMinutes],
            choose: Kind::Replication,
            because: "a warm copy is there, and a person has the minutes to switch to it",
        },
        Row {
            when: &[Needs::ReadsBeyondOne],
            choose: Kind::Replication,
            because: "replicas take the reads that one server cannot",
        },
        Row {
            when: &[],
            choose: Kind::Standalone,
            because: "data and load fit one server, and it may be down until that server is back",
        },
    ],
};
