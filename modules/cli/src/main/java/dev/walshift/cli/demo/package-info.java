/** A migration of a table under traffic, on a server of its own, with a judgement at the end. The only user of testkit here. */
@NullMarked
package dev.walshift.cli.demo;

import org.jspecify.annotations.NullMarked;
