package dev.walshift.engine.migration;

import java.util.Optional;

/**
 * What the doctor did about a finding.
 *
 * @param failure why it is still there; empty if it is gone, or put right
 */
public record Treatment(Finding finding, Optional<String> failure) {}
