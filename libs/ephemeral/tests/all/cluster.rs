//! A cluster of three nodes.

use leasehold_ephemeral::{Ephemeral, Found, Health, RedisConfig, Scope, Touched};

use crate::{
    stamps::{find, keep},
    support::{Server, answering, ask, command, config, connected, free_port, run, take, tenant, until},
};

/// Three nodes that share the slots.
async fn start() -> Vec<Server> {
    let nodes: Vec<_> = (0..3)
        .map(|_| {
            // The default bus port would be 10000 higher, which may be no port at all.
            Server::start_with(&format!(
                "save \"\"\nappendonly no\ncluster-enabled yes\ncluster-port {}\n\
                 cluster-require-full-coverage no\ncluster-node-timeout 2000\n",
                free_port()
            ))
        })
        .collect();
    let addresses: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    let mut arguments = vec!["--cluster", "create"];
    arguments.extend(addresses.iter().map(String::as_str));
    arguments.push("--cluster-yes");
    run("redis-cli", &arguments, nodes[0].folder.path());
    until("all nodes agree", || async {
        nodes.iter().all(|node| {
            let info = command(&node.url(), &["CLUSTER", "INFO"])
                .and_then(|value| Ok(redis::from_redis_value::<String>(value)?));
            info.is_ok_and(|info| info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3"))
        })
    })
    .await;
    nodes
}

fn of(nodes: &[Server]) -> RedisConfig {
    let urls: Vec<_> = nodes.iter().map(Server::url).collect();
    RedisConfig { cluster: true, ..config(&urls) }
}

/// Two servers, many tenants, all nodes.
async fn shares(first: &Ephemeral, second: &Ephemeral) {
    for _ in 0..30 {
        let tenant = tenant();
        let limits = [take(Scope::Address, b"here", "3/60"), take(Scope::Tenant, b"", "2/60")];
        assert!(ask(first, tenant, &limits).await.allows());
        assert!(ask(second, tenant, &limits).await.allows());
        let refused = ask(first, tenant, &limits).await;
        assert_eq!((refused.limits[0].retry_after, refused.limits[1].retry_after), (None, Some(30)));
        let stamps = keep(first, tenant, 1, b"value").await;
        assert_eq!(find(second, tenant, 1, Some(stamps)).await, Found::Current);
        assert_eq!(find(second, tenant, 1, None).await, Found::Kept(stamps, b"value".to_vec()));
        let touched = Touched::Licenses(vec![[1; 32], [2; 32]]);
        second.forget(tenant, &touched).await.unwrap();
        assert!(matches!(find(first, tenant, 1, Some(stamps)).await, Found::Missing(_)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_shared_over_all_nodes_and_a_node_may_be_lost() {
    let mut nodes = start().await;
    let config = of(&nodes);
    let (first, second) = (connected(&config).await, connected(&config).await);
    shares(&first, &second).await;
    for node in &nodes {
        assert_ne!(node.command(&["DBSIZE"]), redis::Value::Int(0), "every node has a part");
    }
    let mut lost = nodes.pop().unwrap();
    lost.stop();
    for _ in 0..30 {
        assert!(ask(&first, tenant(), &[take(Scope::Tenant, b"", "1/60")]).await.allows());
    }
    lost.start_again();
    until("all tenants are answered again", || async {
        for _ in 0..10 {
            if ask(&first, tenant(), &[take(Scope::Tenant, b"", "1/60")]).await.tenant.is_none() {
                return false;
            }
        }
        first.health() == Health::Answering
    })
    .await;
    answering(&second).await;
}
