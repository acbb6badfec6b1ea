"""Who stands behind a file or an event, and who may read: keys, signatures, what is sealed.  Knows no medicine.

keys            public keys, and the file in which a site keeps those that it trusts          (standard library)
signature       Ed25519: sign, and believe only what fits                                     [trust]
holder          who holds the key that wraps all others: a token, or a file                   [node], [hsm]
sealed          one encrypted, authenticated SQLite file                                      [node]
merkle          the tree of RFC 6962: roots and proofs, pure functions
canonical       one spelling of an event (RFC 8785)
events          who did what: AuditEvent of FHIR in the manner of IHE BALP
note, proof     signed checkpoints and proofs that other tools read (C2SP)                    [node]
verdict         what was done to a log: a pure judgement
audit           the log itself: append, checkpoint, prove, verify                             [node]
attestation     what a device started with: the interface, and what makes a quote believed      [node]
tpm             quotes of a TPM 2.0, by tpm2-tools                                              [node]
certificates    a small authority for the device and for who may call it                      [node]
"""
