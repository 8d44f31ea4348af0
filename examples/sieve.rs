//! Actors that spawn their successor: the sieve of Eratosthenes as a chain, one actor a prime.
//!
//! `cargo run --release --example sieve -- 1000`
//!
//! A filter owns the next one, so that the chain ends with its head. All live in this process, where a message is moved
//! and never encoded.

use mesh::prelude::*;

/// Lets pass what its prime does not divide. The first number that passes is the next prime.
pub struct Filter {
    prime: u64,
    next: Option<ActorHandle<Filter>>,
}

impl Filter {
    fn of(prime: u64) -> Self {
        Filter { prime, next: None }
    }
}

#[actor]
impl Filter {
    /// Takes the next number; waits while the next filter's mailbox is full, so that no queue grows without end.
    #[handler(local)]
    pub async fn offer(&mut self, cx: &Context<Self>, number: u64) -> Result<(), Fatal> {
        if !number.is_multiple_of(self.prime) {
            match &self.next {
                Some(next) => next.offer(number).send_wait(cx).await?,
                None => self.next = Some(cx.spawn(Filter::of(number))),
            }
        }
        Ok(())
    }

    /// Appends its prime and those behind it. Comes after all numbers: messages keep their order.
    #[handler(local)]
    pub async fn primes(&self, cx: &Context<Self>, mut before: Vec<u64>) -> Result<Vec<u64>, Fatal> {
        before.push(self.prime);
        match &self.next {
            Some(next) => Ok(next.primes(before).call(cx).await??),
            None => Ok(before),
        }
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let limit = match std::env::args().nth(1) {
        None => 1000,
        Some(text) => text.parse().map_err(|error| mesh::Error::msg(format!("sieve {text}: {error}")))?,
    };
    let two = cx.spawn(Filter::of(2));
    for number in 3..limit {
        two.offer(number).send_wait(cx).await?;
    }
    let primes = two.primes(Vec::new()).try_call(cx).await?;
    println!("{} primes below {limit}, the last {}", primes.len(), primes[primes.len() - 1]);
    Ok(())
}
