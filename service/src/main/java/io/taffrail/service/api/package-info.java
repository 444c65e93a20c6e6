/// `taffrail.log.v1.Log`, health and reflection. Start at [io.taffrail.service.api.LogGrpcService].
@NullMarked
package io.taffrail.service.api;

import org.jspecify.annotations.NullMarked;
