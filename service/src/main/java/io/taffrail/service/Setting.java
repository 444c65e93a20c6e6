package io.taffrail.service;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What a setting is, in a sentence for who runs a server: for the reference and for `taffrail serve --help`.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Setting {
    String value();

    /// The control service's ApplySettings changes it while the process runs.
    boolean live() default false;
}
