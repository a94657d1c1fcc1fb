//! What a request is made of, bare: a signature, its verification, and a question to Redis.

use std::hint::black_box;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use tokio::runtime::Runtime;

use crate::plan::Plan;
use crate::report::{Report, Row};

/// Signs and verifies the bytes of a usual lease.
pub(crate) fn measure(_runtime: &Runtime, plan: Plan, report: &mut Report) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let message = [b'x'; 900];
    let signature = key.sign(&message);
    let mut sign = Row::new("bare Ed25519 sign, one thread");
    let mut verify = Row::new("bare Ed25519 verify, one thread");
    for _ in 0..plan.rounds {
        sign.add_rate(rate(|| black_box(key.sign(black_box(&message))).to_bytes()[0] < u8::MAX));
        verify.add_rate(rate(|| public.verify_strict(black_box(&message), &signature).is_ok()));
    }
    report.row(sign);
    report.row(verify);
}

/// How often in a second.
fn rate(work: impl Fn() -> bool) -> f64 {
    const TIMES: u32 = 5_000;
    let begun = Instant::now();
    for _ in 0..TIMES {
        black_box(work());
    }
    f64::from(TIMES) / begun.elapsed().as_secs_f64()
}
