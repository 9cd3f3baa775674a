package dev.walshift.testkit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.AnnotationBasedArgumentsProvider;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * A parameterized test, or class, whose parameter is a {@link ServerVersion}: it runs on each of {@link PostgresServer#defaultMajors()}, or,
 * where tests are sampled, on one of them.
 */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ArgumentsSource(OnMajors.Provider.class)
public @interface OnMajors {
    /** On each of them also where others are sampled: for the main path, and for what the majors do differently. */
    boolean each() default false;

    /** For JUnit. */
    final class Provider extends AnnotationBasedArgumentsProvider<OnMajors> {
        @Override
        protected Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context, OnMajors on) {
            return (on.each()
                            ? PostgresServer.defaultMajors()
                            : PostgresServer.sampledMajors(
                                    context.getRequiredTestClass().getSimpleName(), context.getDisplayName()))
                    .stream().map(Arguments::of);
        }
    }
}
