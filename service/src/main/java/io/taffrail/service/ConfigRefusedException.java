package io.taffrail.service;

import java.util.List;

/// The configuration cannot be used. Each problem is one line: the property, its value, what is allowed.
public final class ConfigRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient List<String> problems;

    public ConfigRefusedException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = problems;
    }

    public List<String> problems() {
        return problems;
    }
}
