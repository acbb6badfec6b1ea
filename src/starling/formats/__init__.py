"""Bytes become records here, and nothing is interpreted: VCF in three compressions, BCF, arrays, tests, BED.

    registry which reader a file needs, as its first bytes say: one line for each format  START HERE
    content  what a format is, and what an open file of any format promises
    vcf      `open_vcf(path)` -> `VcfFile`; `VcfFile.fetch(regions)` -> `Record`s
    header   the `##` and `#CHROM` lines               record   one line, its span and its sample columns
    regions  intervals of one chromosome               scan     one pass over everything, sorted or not
    bgzf     blocks of a BGZF file, read and written   seek     records of a sorted BGZF file without a full read
    tabix    .tbi and .csi, asked by `find`            stream   plain, gzip or BGZF from a file or a pipe, as text
    markers  what tables of markers share; read by arrays, finalreport and assay
    find     the records of regions, by `seek` or an index         lines    whole lines of blocks
    outside  what another laboratory stated            bed      callable regions
    write    files that are whole or not there         extras   what is not installed, told in one line
    variant_text, htslib, arrays, finalreport, assay: the formats themselves

A record is found by position only; which of its alleles mean something is decided in `starling.genotyping`.
"""
