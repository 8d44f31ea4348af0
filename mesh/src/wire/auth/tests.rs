use super::*;

const SECRET: &[u8] = b"sixteen bytes at least";

fn statement() -> Statement {
    Statement { protocol: 3, role: Role::Dials, own: [1; NONCE_LEN], theirs: [2; NONCE_LEN] }
}

#[test]
fn a_proof_convinces_of_its_statement_alone() {
    let proof = statement().prove(SECRET);
    assert!(statement().is_proved_by(&proof, SECRET));
    assert!(!statement().is_proved_by(&proof, b"another secret of enough bytes"));
    let others = [
        Statement { protocol: 4, ..statement() },
        Statement { role: Role::Accepts, ..statement() },
        Statement { own: [3; NONCE_LEN], ..statement() },
        Statement { theirs: [3; NONCE_LEN], ..statement() },
        // Sent back to who made it.
        Statement { own: [2; NONCE_LEN], theirs: [1; NONCE_LEN], ..statement() },
    ];
    for other in others {
        assert!(!other.is_proved_by(&proof, SECRET), "{other:?}");
    }
    for len in [0, 1, PROOF_LEN - 1] {
        assert!(!statement().is_proved_by(&proof[..len], SECRET), "the first {len} bytes of it");
    }
    assert!(!statement().is_proved_by(&[&proof[..], &[0]].concat(), SECRET), "and more");
}

#[test]
fn a_proof_is_hmac_sha256_of_what_is_said() {
    // Computed with Python's `hmac`, so that a change of the format is seen.
    let want = "a04dcc21cbd4bc1b3adc7b938dc79a03bef9c29b52996e9632f47a82396cb4c1";
    let proof: String = statement().prove(SECRET).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(proof, want);
}
