# docker build -t makonis . && docker run -p 4566:4566 -v makonis-data:/var/lib/makonis -v makonis-keys:/etc/makonis makonis
# With the Node that the program runs on there is nothing to fetch, and one process less.
FROM node:24-slim
WORKDIR /opt/makonis
COPY package.json package-lock.json LICENSE NOTICE README.md CHANGELOG.md ./
COPY bin bin
COPY console console
COPY models models
COPY src src
ENV XDG_CACHE_HOME=/opt/makonis/.cache
# A start and a stop: packages are installed and code is compiled, so that a container starts fast and without network. The data and
# the key that they make stay out of the image.
RUN mkdir -m 755 /tmp/first \
 && bin/makonis up --detach --data /tmp/first/data --master-key /tmp/first/key \
 && bin/makonis down --data /tmp/first/data \
 && rm -r /tmp/first
# The master key lies apart from the data: keep both volumes, and back them up apart.
ENV MAKONIS_DATA=/var/lib/makonis MAKONIS_MASTER_KEY=/etc/makonis/master.key
VOLUME ["/var/lib/makonis", "/etc/makonis"]
EXPOSE 4566
HEALTHCHECK --interval=30s --start-period=5s CMD ["bin/makonis", "status"]
CMD ["bin/makonis", "up", "--listen", "0.0.0.0"]
