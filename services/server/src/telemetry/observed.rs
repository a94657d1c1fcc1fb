//! What is looked at when somebody asks for metrics: the process, and what an installation uses.

use std::time::Instant;

use opentelemetry::metrics::Meter;
use opentelemetry::{KeyValue, global};

use crate::installation::Installation;

/// Ticks of processor time in a second, as Linux shows them to programs on all its usual machines.
const TICKS: f64 = 100.0;
const KIB: i64 = 1024;

fn meter() -> Meter {
    global::meter("leasehold")
}

/// Measures the process. Where the system has no `/proc`, as macOS, most of it stays unknown.
pub(super) fn process() {
    let meter = meter();
    let begun = Instant::now();
    let _uptime = meter
        .f64_observable_gauge("process.uptime")
        .with_description("The time that the process has been running.")
        .with_unit("s")
        .with_callback(move |observer| observer.observe(begun.elapsed().as_secs_f64(), &[]))
        .build();
    let _cpu = meter
        .f64_observable_counter("process.cpu.time")
        .with_description("Processor seconds, by mode.")
        .with_unit("s")
        .with_callback(|observer| {
            let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
            if let Some((user, system)) = cpu_seconds(&stat) {
                observer.observe(user, &[KeyValue::new("cpu.mode", "user")]);
                observer.observe(system, &[KeyValue::new("cpu.mode", "system")]);
            }
        })
        .build();
    let _memory = meter
        .i64_observable_up_down_counter("process.memory.usage")
        .with_description("Resident memory.")
        .with_unit("By")
        .with_callback(|observer| {
            if let Some(kibibytes) = of_status("VmRSS:") {
                observer.observe(kibibytes * KIB, &[]);
            }
        })
        .build();
    let _threads = meter
        .i64_observable_up_down_counter("process.thread.count")
        .with_description("Threads of the process.")
        .with_unit("{thread}")
        .with_callback(|observer| {
            if let Some(threads) = of_status("Threads:") {
                observer.observe(threads, &[]);
            }
        })
        .build();
    let _files = meter
        .i64_observable_up_down_counter("process.unix.file_descriptor.count")
        .with_description("Open files and connections of the process.")
        .with_unit("{file_descriptor}")
        .with_callback(|observer| {
            let open = std::fs::read_dir("/proc/self/fd").ok();
            if let Some(open) = open.and_then(|entries| i64::try_from(entries.count()).ok()) {
                observer.observe(open, &[]);
            }
        })
        .build();
}

/// Measures what an installation uses.
pub(super) fn installation(installation: &Installation) {
    let meter = meter();
    let store = installation.store().clone();
    let _connections = meter
        .i64_observable_up_down_counter("db.client.connection.count")
        .with_description("Connections to the database, by pool and state.")
        .with_unit("{connection}")
        .with_callback(move |observer| {
            for pool in store.pools() {
                for (state, count) in [("idle", pool.idle), ("used", pool.used)] {
                    let name = KeyValue::new("db.client.connection.pool.name", pool.name);
                    let state = KeyValue::new("db.client.connection.state", state);
                    observer.observe(count.into(), &[name, state]);
                }
            }
        })
        .build();
    let store = installation.store().clone();
    let _most = meter
        .i64_observable_up_down_counter("db.client.connection.max")
        .with_description("The most connections to the database, by pool.")
        .with_unit("{connection}")
        .with_callback(move |observer| {
            for pool in store.pools() {
                observer
                    .observe(pool.most.into(), &[KeyValue::new("db.client.connection.pool.name", pool.name)]);
            }
        })
        .build();
    let licensing = installation.licensing.clone();
    let _pending = meter
        .u64_observable_gauge("leasehold.bookkeeping.pending")
        .with_description("Counts and events of checks that are not in the database yet.")
        .with_callback(move |observer| {
            observer.observe(licensing.pending_checks().try_into().unwrap_or(u64::MAX), &[]);
        })
        .build();
    let runtime = tokio::runtime::Handle::current().metrics();
    let _tasks = meter
        .u64_observable_gauge("leasehold.runtime.tasks")
        .with_description("Tasks that the server works on: connections, and work in the background.")
        .with_callback(move |observer| {
            observer.observe(runtime.num_alive_tasks().try_into().unwrap_or(u64::MAX), &[]);
        })
        .build();
}

/// A number of `/proc/self/status`.
fn of_status(name: &str) -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system seconds of `/proc/self/stat` (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu_seconds(stat: &str) -> Option<(f64, f64)> {
    // The second field is the name of the program, in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut seconds = || fields.next()?.parse::<f64>().ok().map(|ticks| ticks / TICKS);
    Some((seconds()?, seconds()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_whatever_the_name_of_the_program() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 0 0 0 0 250 125 0 0 20 0 3 0 100 0 0";
        assert_eq!(cpu_seconds(stat), Some((2.5, 1.25)));
        assert_eq!(cpu_seconds(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_threads() {
        assert!(of_status("VmRSS:").unwrap() > 100);
        assert!(of_status("Threads:").unwrap() > 0);
        assert!(cpu_seconds(&std::fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
