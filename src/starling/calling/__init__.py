"""Evidence -> GeneCalls: which named alleles explain what was observed, and what else would.

    callers = Callers(genes, definitions, phenotypes)         one edition of the knowledge
    own = callers.read(genotypes, options)                    partial calls: from small variants,
    calls = combine([*map(SampleCall, own.values()),          ... from a count of copies (`callers.counted`),
                     *callers.stated(outside)])               ... and of other laboratories, by one rule of precedence

How the matcher sees a gene.  Alleles are bits of one integer.  For every site and base there is a mask of the alleles
that accept this base (an undefined cell accepts what the reference row accepts).  A haplotype is the AND of the masks
of its bases, so matching hundreds of RYR1 alleles costs one integer operation a site:

    site            94762706  94781859  94842866        haplotype  A G G  ->  accept[0][A] & accept[1][G] & accept[2][G]
    *38 (reference)     A         G         A                             = {*1}
    *1                  A         G         G
    *2                  .         A         G

A position that was not called has no mask: every allele fits there, so alleles that could hide there stay in the
haplotype's mask and decide, with everything else that fits, whether the phenotype is certain.

This room receives definitions as values and never reads the knowledge base.
"""
