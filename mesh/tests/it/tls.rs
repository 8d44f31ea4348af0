//! TLS between two gateways: calls pass where each trusts the other, and who is not trusted is refused by name on both
//! sides.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mesh::addr::ChannelAddr;
use mesh::call::CallErrorKind;
use mesh::config::{self, Config, Secret};
use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};
use mesh::transport::SocketDir;
use mesh::{ActorRef, HostMesh};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::time::{Instant, timeout};

/// Ten times what anything here should ever take.
const HANG: Duration = Duration::from_secs(30);

/// Counts.
struct Counter(i64);

#[actor]
impl Counter {
    #[new]
    fn new(start: i64) -> Self {
        Counter(start)
    }

    #[handler]
    fn add(&mut self, by: i64) -> i64 {
        self.0 += by;
        self.0
    }

    #[handler]
    fn get(&self) -> i64 {
        self.0
    }
}

/// An authority, and a place for its files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: SocketDir,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer, dir: SocketDir::new(None).unwrap() }
    }

    fn write(&self, name: &str, pem: &str) -> Option<Arc<str>> {
        let path: PathBuf = self.dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        Some(path.to_str().unwrap().into())
    }

    /// The settings of a machine with a certificate of this authority, which trusts those of `trusts`.
    fn config(&self, trusts: &Authority) -> Config {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Config::default()
            .with(config::TLS_CERT, self.write("crt", &cert.pem()))
            .with(config::TLS_KEY, self.write("key", &key.serialize_pem()))
            .with(config::TLS_CA, self.write("ca", &trusts.issuer.pem()))
    }
}

async fn root(config: Config) -> Root {
    let options = RootOptions { config, launch: Launch::InProcess, ..RootOptions::default() };
    Root::start(options).await.unwrap()
}

/// A counter behind a door, and what opens it.
async fn counter_behind(root: &Root) -> (mesh::gateway::Listening, ActorRef<Counter>) {
    let door: ChannelAddr = "tls:127.0.0.1:0".parse().unwrap();
    let listening = root.client().serve(&door).await.unwrap();
    (listening, root.client().spawn(Counter::new(10)).control().to_ref())
}

#[tokio::test]
async fn calls_and_meshes_pass_between_two_gateways() {
    let work = async {
        let authority = Authority::new();
        let config = authority.config(&authority);
        let (far, near) = (root(config.clone()).await, root(config).await);
        let (listening, counter) = counter_behind(&far).await;
        assert_eq!(counter.add(5).call(near.client()).await.unwrap(), 15);
        // The other way over the same link: the host there starts procs and calls back.
        let hosts = HostMesh::attach(near.client(), &[listening.addr().clone()]).await.unwrap();
        let procs = hosts.spawn_procs(near.client(), extent!(gpus = 2)).await.unwrap();
        let counters = procs.spawn(near.client(), "counters", Counter::spec(1)).await.unwrap();
        assert_eq!(counters.get().reduce(Sum).call(near.client()).await.unwrap(), 2);
        near.shutdown().await;
        far.shutdown().await;
    };
    timeout(HANG, work).await.expect("it hangs");
}

/// What a caller with such settings hears of a counter behind a door with others, and how long it took.
async fn refusal(accepts: Config, dials: Config) -> (String, Duration) {
    let work = async {
        let (far, near) = (root(accepts).await, root(dials).await);
        let (_listening, counter) = counter_behind(&far).await;
        let start = Instant::now();
        let error = counter.add(5).call(near.client()).await.unwrap_err();
        let took = start.elapsed();
        assert!(matches!(error.kind, CallErrorKind::Unreachable { .. }), "{error}");
        assert_eq!(counter.get().call(far.client()).await.unwrap(), 10, "nothing came through");
        near.shutdown().await;
        far.shutdown().await;
        (error.to_string(), took)
    };
    timeout(HANG, work).await.expect("it hangs")
}

#[track_caller]
fn check((error, took): (String, Duration), says: &str) {
    assert!(error.contains(says), "{error}");
    assert!(took < Duration::from_secs(1), "{took:?}: ten times what it may take");
}

#[tokio::test]
async fn who_comes_from_another_authority_is_refused() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    // The listener does not trust who dials; who dials does not trust the listener.
    check(refusal(ours.config(&ours), theirs.config(&ours)).await, "alert");
    check(refusal(ours.config(&ours), theirs.config(&theirs)).await, "is not trusted");
}

#[tokio::test]
async fn a_secret_is_asked_for_beside_certificates() {
    let authority = Authority::new();
    let knows =
        authority.config(&authority).with(config::SECRET, Secret::new("what the test knows").unwrap());
    check(refusal(knows, authority.config(&authority)).await, "asks for the shared secret");
}

#[tokio::test]
async fn without_certificates_nothing_is_dialled() {
    let authority = Authority::new();
    check(refusal(authority.config(&authority), Config::default()).await, "`MESH_TLS_CERT` is not set");
}
