//! What the steps of `cargo xtask test` print: headers, times, and a summary that cannot be misread.

use std::time::Duration;

use anyhow::Result;

/// How a step ended; a step that never began has none.
pub(crate) struct Row {
    /// The step.
    pub(crate) name: &'static str,
    /// A remark for the summary, or what went wrong.
    pub(crate) ended: Option<Result<String>>,
    /// How long it took.
    pub(crate) time: Duration,
}

/// The table at the end and the one sentence after it.
pub(crate) fn summary(rows: &[Row], total: Duration) -> String {
    let mut text = format!("\n{:-<100}\n", "---- summary ");
    for Row { name, ended, time } in rows {
        let (verdict, remark) = match ended {
            Some(Ok(remark)) => ("ok", remark.clone()),
            Some(Err(error)) => ("FAILED", first_line(&format!("{error:#}"))),
            None => ("not run", String::new()),
        };
        let time = if ended.is_some() { duration(*time) } else { String::new() };
        text += format!("{name:14} {verdict:8} {time:>9}   {remark}").trim_end();
        text.push('\n');
    }
    let failed: Vec<&str> =
        rows.iter().filter(|row| matches!(row.ended, Some(Err(_)))).map(|row| row.name).collect();
    let missing = rows.iter().filter(|row| row.ended.is_none()).count();
    let total = duration(total);
    text += &match (failed.as_slice(), missing) {
        ([], 0) => format!("\ncargo xtask test: PASSED, all {} steps in {total}", rows.len()),
        ([], _) => format!("\ncargo xtask test: FAILED, {missing} steps not run, after {total}"),
        (_, _) => format!("\ncargo xtask test: FAILED at {}, after {total}", failed.join(", ")),
    };
    text
}

/// Whether every step ran and ended well.
pub(crate) fn passed(rows: &[Row]) -> bool {
    rows.iter().all(|row| matches!(row.ended, Some(Ok(_))))
}

/// A time as people say it.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

/// Adds up the `test result:` lines that cargo's tests print, as `12 passed, 0 failed, 1 ignored`.
pub(crate) fn count(lines: &[String]) -> Option<String> {
    let mut sums = [("passed", 0_u64), ("failed", 0), ("ignored", 0)];
    let mut seen = false;
    for line in lines.iter().filter_map(|line| line.trim().strip_prefix("test result:")) {
        seen = true;
        for part in line.split([';', '.']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            for (what, sum) in &mut sums {
                if let [number, word] = words.as_slice()
                    && word == what
                {
                    *sum += number.parse::<u64>().unwrap_or(0);
                }
            }
        }
    }
    seen.then(|| sums.map(|(what, sum)| format!("{sum} {what}")).join(", "))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn row(name: &'static str, ended: Option<Result<String>>) -> Row {
        Row { name, ended, time: Duration::from_millis(1500) }
    }

    #[test]
    fn the_last_line_tells_the_outcome() {
        let last = |rows: &[Row]| summary(rows, Duration::from_secs(75)).lines().last().unwrap().to_owned();
        let good = [row("fmt", Some(Ok(String::new()))), row("tests", Some(Ok("3 passed".to_owned())))];
        assert!(passed(&good));
        assert_eq!(last(&good), "cargo xtask test: PASSED, all 2 steps in 1 min 15 s");

        let bad = [row("fmt", Some(Err(anyhow!("exit code 1")))), row("tests", None)];
        assert!(!passed(&bad));
        assert_eq!(last(&bad), "cargo xtask test: FAILED at fmt, after 1 min 15 s");

        let unfinished = [row("fmt", Some(Ok(String::new()))), row("tests", None)];
        assert!(!passed(&unfinished));
        assert!(last(&unfinished).contains("FAILED, 1 steps not run"));
    }

    #[test]
    fn results_are_added_up() {
        let lines = [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.20s",
        ]
        .map(str::to_owned);
        assert_eq!(count(&lines).unwrap(), "13 passed, 2 failed, 1 ignored");
        assert_eq!(count(&["nothing".to_owned()]), None);
    }
}
