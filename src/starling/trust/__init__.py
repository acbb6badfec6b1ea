"""Who stands behind a file: keys that a site trusts, and signatures made with them.  Knows no medicine.

keys        public keys, and the file in which a site keeps those that it trusts      (standard library)
signature   Ed25519: sign, and believe only what fits                                  [trust]
"""
