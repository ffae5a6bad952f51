//! Every line of every file is one that the engine takes, in every engine of this machine that plans are made for.

use godmode_redis::decisions::topology::{Demand, Kind, Loss, Outage, Purpose};
use godmode_redis::facts::Bytes;
use godmode_redis::probe::find_servers;

use super::deployed::{Deployed, ask, demand, engine_of, in_range};

#[tokio::test]
async fn each_engine_takes_the_lines_of_its_files() {
    let mut tried = 0;
    for program in find_servers() {
        let engine = engine_of(&program);
        if !in_range(&engine) {
            continue;
        }
        // Between them they have every line that there is: threads, snapshots, min-replicas, a Cluster, Sentinels.
        let store = Demand { purpose: Purpose::Store, reads: 80_000.0, ..demand(engine.clone()) };
        let members = Demand { data: Bytes::gib(5), ..demand(engine.clone()) };
        for wish in [store, members] {
            let deployed = Deployed::start(&program, &wish).await;
            let place = &deployed.plan.layout.members[0].place;
            for name in ["maxmemory", "maxmemory-policy", "appendonly", "cluster-enabled"] {
                let said: Vec<String> = ask(place, &format!("CONFIG GET {name}")).await.unwrap();
                let line = deployed.plan.files[0].text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
                let meant = match (name, line) {
                    ("cluster-enabled", line) => line.unwrap_or("no").to_owned(),
                    ("maxmemory", Some(line)) => {
                        (line.trim_end_matches("mb").parse::<u64>().unwrap() << 20).to_string()
                    }
                    (_, line) => line.unwrap().to_owned(),
                };
                assert_eq!(said[1], meant, "{engine}: {name}");
            }
        }
        tried += 1;
    }
    assert!(tried > 0 || find_servers().iter().all(|program| !in_range(&engine_of(program))));
}

#[tokio::test]
async fn sentinels_of_each_engine_take_their_files() {
    for program in find_servers() {
        let engine = engine_of(&program);
        if !in_range(&engine) {
            continue;
        }
        let wish = Demand { outage: Outage::Seconds, loss: Loss::Second, purpose: Purpose::Queue, ..demand(engine) };
        let group = Deployed::start(&program, &wish).await;
        assert_eq!(group.plan.kind, Kind::Sentinel);
        let quorum: String = ask(&group.plan.layout.voters[0].place, "SENTINEL CKQUORUM mymaster").await.unwrap();
        assert!(quorum.starts_with("OK 3 usable Sentinels"), "{quorum}");
    }
}
