package dev.walshift.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** Which walshift this is, and what it runs on. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("(not packaged)");
        return new String[] {"walshift %s, Java %s".formatted(version, Runtime.version())};
    }
}
