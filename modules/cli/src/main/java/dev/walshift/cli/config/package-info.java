/** What the operator wants: read from the configuration file, checked, and told as a whole where it is wrong. */
@NullMarked
package dev.walshift.cli.config;

import org.jspecify.annotations.NullMarked;
