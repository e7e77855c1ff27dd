# docker build -t resistpanel .
# docker run --rm --user "$(id -u)" -v "$PWD:$PWD" -w "$PWD" resistpanel \
#     snakemake --snakefile /opt/resistpanel/Snakefile --configfile mine.yaml --cores 8
FROM debian:12.12-slim
WORKDIR /opt/resistpanel
COPY . .
RUN sh containers/install.sh
ENV PATH=/opt/resistpanel/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
CMD ["resistpanel", "--help"]
