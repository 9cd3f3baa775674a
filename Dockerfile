# syntax=docker/dockerfile:1
FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    mvn -q -B -Dmaven.test.skip=true -pl modules/cli -am package

FROM eclipse-temurin:21-jre
RUN useradd --system --create-home walshift
COPY --from=build /src/modules/cli/target/walshift/lib /opt/walshift/lib
COPY --chmod=755 walshift /opt/walshift/walshift
USER walshift
WORKDIR /home/walshift
ENTRYPOINT ["/opt/walshift/walshift"]
