"""cofi's own database: models, migrations, queries. The only place that speaks SQL."""
