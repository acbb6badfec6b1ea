process STARLING_REPORT {
    tag "$meta.id"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/starling-pgx:0.1.0--pyhdfd78af_0' :
        'biocontainers/starling-pgx:0.1.0--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(vcf), path(index)
    tuple val(meta2), path(outside)

    output:
    tuple val(meta), path("*.json"), emit: json
    tuple val(meta), path("*.html"), emit: html
    tuple val(meta), path("*.tsv") , emit: tsv
    path "versions.yml"            , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args   = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    def other  = outside ? "--outside ${outside}" : ''
    """
    starling report ${vcf} ${other} ${args} --output ${prefix}.json
    starling report ${vcf} ${other} ${args} --output ${prefix}.html
    starling report ${vcf} ${other} ${args} --output ${prefix}.tsv

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        starling: \$(starling --version | sed 's/^starling //')
    END_VERSIONS
    """

    stub:
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    touch ${prefix}.json ${prefix}.html ${prefix}.tsv

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        starling: \$(starling --version | sed 's/^starling //')
    END_VERSIONS
    """
}
