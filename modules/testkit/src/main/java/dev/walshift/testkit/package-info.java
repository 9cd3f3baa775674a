/** Real PostgreSQL servers, databases, traffic and oracles for tests and the demo. Nothing here is mocked. */
@NullMarked
package dev.walshift.testkit;

import org.jspecify.annotations.NullMarked;
