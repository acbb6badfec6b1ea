"""Records become genotypes here, at all sites, on GRCh38, in the words of the definitions.

    collect    files -> `Collected`: everybody's genotypes                                          START HERE
    build      which genome build a file speaks of          sites      the sites in one file's coordinates
    plan       one record -> what its alleles mean at each site, once for all samples
    effects    what one ALT does at a site                  normalise  trimming, indels within a repeat
    call       one sample's column: GT, support, phase      merge      all that speaks of one site -> `Genotype`
    person     what only shows over all sites: phase sets, one X or two, several files
    fill       where silence may mean reference             samples    whose columns are read
    evidence   a digest of the genotypes

Alleles are bases, never indices; a position that was not assayed is never reference.
"""
