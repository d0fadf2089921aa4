# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/etabli
COPY requirements/build.txt requirements/app.txt requirements/
RUN /opt/etabli/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && /opt/etabli/bin/pip install --no-cache-dir --no-build-isolation --require-hashes -r requirements/app.txt
COPY . .
RUN /opt/etabli/bin/python scripts/assets
RUN /opt/etabli/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Établi" org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/etabli/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/etabli /opt/etabli
COPY deploy/etabli-health /usr/local/bin/
# A new volume takes the mode of the folder it covers: whichever user the container runs as may write there.
RUN install -d -m 1777 /var/lib/etabli
WORKDIR /var/lib/etabli
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["etabli"]
CMD ["run"]
