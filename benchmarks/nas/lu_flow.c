/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The equations of LU (see lu_flow.h). Matrices of derivatives are never stored: what is wanted is
 * their product with a vector, or, on the diagonal, the solution of a triangular system.
 */
#include "lu_flow.h"

#define GAMMA 1.4          /* ratio of specific heats */
#define GAS (GAMMA - 1)    /* what makes pressure of energy */
#define VISCOSITY 0.1      /* of momentum */
#define HEAT (GAMMA * 1.4) /* conduction, relative to viscosity */
#define DISSIPATION 0.25   /* weight of the fourth difference */
#define ALONG (4.0 / 3)    /* of the viscosity, along the axis */
#define ENERGY (LU_PARTS - 1)

static const double polynomial[LU_PARTS][13] = {
    { 2, 0, 0, 4, 5, 3, 0.5, 0.02, 0.01, 0.03, 0.5, 0.4, 0.3 },
    { 1, 0, 0, 0, 1, 2, 3, 0.01, 0.03, 0.02, 0.4, 0.3, 0.5 },
    { 2, 2, 0, 0, 0, 2, 3, 0.04, 0.03, 0.05, 0.3, 0.5, 0.4 },
    { 2, 2, 0, 0, 0, 2, 3, 0.03, 0.05, 0.04, 0.2, 0.1, 0.3 },
    { 5, 4, 3, 2, 0.1, 0.4, 0.3, 0.05, 0.04, 0.03, 0.1, 0.3, 0.2 },
};

struct lu_axis lu_axis_make(int dimension, int points)
{
    const double steps = points - 1;

    return (struct lu_axis){ dimension + 1, points, steps / 2, steps * steps,
                             dimension == 2 ? 1 : 0.75 };
}

/* The powers 1 to 4 of one coordinate. */
static double powers(const double *coefficient, double x)
{
    return x * (coefficient[1] + x * (coefficient[4] + x * (coefficient[7] + x * coefficient[10])));
}

void lu_exact(double x, double y, double z, double *u)
{
    for (int part = 0; part < LU_PARTS; part++) {
        const double *p = polynomial[part];
        u[part] = p[0] + powers(p, x) + powers(p + 1, y) + powers(p + 2, z);
    }
}

static double square_of_momentum(const double *u)
{
    return u[1] * u[1] + u[2] * u[2] + u[3] * u[3];
}

double lu_pressure(const double *u)
{
    return GAS * (u[ENERGY] - 0.5 * square_of_momentum(u) / u[0]);
}

/* ---- the operator ------------------------------------------------------------------------------ */

/* What is carried along the axis. */
static void find_flux(const struct lu_axis *axis, const double *u, double *flux)
{
    const double volume = 1 / u[0], velocity = u[axis->momentum] * volume;
    const double pressure = lu_pressure(u);

    flux[0] = u[axis->momentum];
    for (int part = 1; part < ENERGY; part++) {
        flux[part] = u[part] * velocity;
    }
    flux[axis->momentum] += pressure;
    flux[ENERGY] = (u[ENERGY] + pressure) * velocity;
}

/* What diffuses along the axis. */
static void find_diffusing(const struct lu_axis *axis, const double *u, double *diffusing)
{
    const double volume = 1 / u[0], velocity = u[axis->momentum] * volume;
    const double energy = (1 - HEAT) / 2 * square_of_momentum(u) * volume * volume +
                          (ALONG - 1) / 2 * velocity * velocity + HEAT * u[ENERGY] * volume;

    diffusing[0] = axis->diffusion * u[0];
    for (int part = 1; part < ENERGY; part++) {
        double share = part == axis->momentum ? ALONG : 1;
        diffusing[part] = axis->diffusion * u[part] + VISCOSITY * share * volume * u[part];
    }
    diffusing[ENERGY] = axis->diffusion * u[ENERGY] + VISCOSITY * energy;
}

/* Of one quantity at point i, with this index in the whole line. Points of the boundary are left
 * out, and next to one a share of the point itself. */
static double fourth_difference(const double (*line)[LU_PARTS], int i, int part, int index,
                                int points)
{
    double sum = (index == 1 || index == points - 2 ? 5 : 6) * line[i][part];

    if (index > 1) {
        sum -= 4 * line[i - 1][part];
    }
    if (index > 2) {
        sum += line[i - 2][part];
    }
    if (index < points - 2) {
        sum -= 4 * line[i + 1][part];
    }
    if (index < points - 3) {
        sum += line[i + 2][part];
    }
    return sum;
}

static void add_terms(const struct lu_axis *axis, const double (*line)[LU_PARTS], int i, int index,
                      const double (*flux)[LU_PARTS], const double (*diffusing)[LU_PARTS],
                      double *sum)
{
    for (int part = 0; part < LU_PARTS; part++) {
        sum[part] += axis->second * (diffusing[i - 1][part] - 2 * diffusing[i][part] +
                                     diffusing[i + 1][part]) -
                     axis->first * (flux[i + 1][part] - flux[i - 1][part]) -
                     DISSIPATION * fourth_difference(line, i, part, index, axis->points);
    }
}

void lu_terms(const struct lu_axis *axis, const double (*line)[LU_PARTS], int first, int count,
              double (*sum)[LU_PARTS])
{
    double flux[LU_POINTS + 2][LU_PARTS], diffusing[LU_POINTS + 2][LU_PARTS];
    const int low = first > 0 ? 0 : 1, high = first + count < axis->points ? count - 1 : count - 2;

    for (int i = low - 1; i <= high + 1; i++) {
        find_flux(axis, line[i], flux[i + 1]);
        find_diffusing(axis, line[i], diffusing[i + 1]);
    }
    for (int i = low; i <= high; i++) {
        add_terms(axis, line, i, first + i, (const double(*)[LU_PARTS]) flux + 1,
                  (const double(*)[LU_PARTS]) diffusing + 1, sum[i]);
    }
}

/* ---- its derivative ---------------------------------------------------------------------------- */

/* A point, and by how much it changes if its quantities change by v. */
struct change {
    double velocity[ENERGY], velocity_by[ENERGY]; /* by x, y, z at 1, 2, 3 */
    double work_by;                               /* velocity times its change */
    double pressure, pressure_by;
    double energy_by; /* of a unit of mass */
};

static struct change change_of(const double *u, const double *v)
{
    const double volume = 1 / u[0];
    double squares = 0, products = 0;
    struct change c;

    c.work_by = 0;
    for (int part = 1; part < ENERGY; part++) {
        c.velocity[part] = u[part] * volume;
        c.velocity_by[part] = (v[part] - c.velocity[part] * v[0]) * volume;
        c.work_by += c.velocity[part] * c.velocity_by[part];
        squares += c.velocity[part] * c.velocity[part];
        products += c.velocity[part] * v[part];
    }
    c.pressure = GAS * (u[ENERGY] - squares * u[0] / 2);
    c.pressure_by = GAS * (v[ENERGY] - products + squares * v[0] / 2);
    c.energy_by = (v[ENERGY] - u[ENERGY] * volume * v[0]) * volume;
    return c;
}

/* Carried and diffusing quantities: the changes of what find_flux() and find_diffusing() tell. */
void lu_derivative(const struct lu_axis *axis, const double *u, const double *v, int side,
                   double factor, double *sum)
{
    const struct change c = change_of(u, v);
    const int along = axis->momentum;
    const double speed = c.velocity[along], speed_by = c.velocity_by[along];
    const double first = -side * factor * axis->first, second = factor * axis->second;
    const double energy_by =
        (1 - HEAT) * c.work_by + (ALONG - 1) * speed * speed_by + HEAT * c.energy_by;

    sum[0] += first * v[along] + second * axis->diffusion * v[0];
    for (int part = 1; part < ENERGY; part++) {
        double share = part == along ? ALONG : 1;
        sum[part] += first * (v[part] * speed + u[part] * speed_by) +
                     second * (axis->diffusion * v[part] + VISCOSITY * share * c.velocity_by[part]);
    }
    sum[along] += first * c.pressure_by;
    sum[ENERGY] +=
        first * ((v[ENERGY] + c.pressure_by) * speed + (u[ENERGY] + c.pressure) * speed_by) +
        second * (axis->diffusion * v[ENERGY] + VISCOSITY * energy_by);
}

/* At the point itself the carried quantities cancel out. Of what remains, density depends on
 * density only, momentum on density and itself, energy on all. */
void lu_divide(const struct lu_axis axes[3], double dt, const double *u, double *v)
{
    const double volume = 1 / u[0], viscosity = 2 * dt * VISCOSITY * volume;
    double unit = 1, all = 0, energy = 0;

    for (int d = 0; d < 3; d++) {
        unit += 2 * dt * axes[d].second * axes[d].diffusion;
        all += viscosity * axes[d].second;
    }
    v[0] /= unit;
    for (int d = 0; d < 3; d++) {
        const int part = axes[d].momentum;
        double velocity = u[part] * volume;
        double share = all + viscosity * axes[d].second * (ALONG - 1);
        v[part] = (v[part] + share * velocity * v[0]) / (unit + share);
        energy += (share - all * HEAT) * velocity * (v[part] - velocity * v[0]);
    }
    v[ENERGY] = (v[ENERGY] - energy + all * HEAT * u[ENERGY] * volume * v[0]) / (unit + all * HEAT);
}
