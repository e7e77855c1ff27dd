# docker build -t resistpanel .
# docker run --rm --user "$(id -u)" -v "$PWD:$PWD" -w "$PWD" resistpanel \
#     snakemake --snakefile /opt/resistpanel/Snakefile --configfile mine.yaml --cores 8
# By digest: a tag can come to mean another image.
FROM debian:12.12-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c
WORKDIR /opt/resistpanel
COPY . .
RUN sh containers/install.sh
ENV PATH=/opt/resistpanel/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
CMD ["resistpanel", "--help"]
