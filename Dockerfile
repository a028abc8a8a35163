# docker build -t makonis . && docker run -p 4566:4566 -v makonis-data:/var/lib/makonis -v makonis-keys:/etc/makonis makonis
FROM node:20-slim
WORKDIR /opt/makonis
COPY package.json package-lock.json LICENSE NOTICE README.md ./
COPY bin bin
COPY models models
COPY src src
# Fetches Node 24 and compiles, so that a container starts without network.
ENV XDG_CACHE_HOME=/opt/makonis/.cache
RUN bin/makonis version
# The master key lies apart from the data: keep both volumes, and back them up apart.
ENV MAKONIS_DATA=/var/lib/makonis MAKONIS_MASTER_KEY=/etc/makonis/master.key
VOLUME ["/var/lib/makonis", "/etc/makonis"]
EXPOSE 4566
CMD ["bin/makonis", "up", "--listen", "0.0.0.0"]
